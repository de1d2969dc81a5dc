import type { Form } from './form.ts'

export const sarifForm: Form = () => ''
