import type { Form } from './form.ts'

export const junitForm: Form = () => ''
