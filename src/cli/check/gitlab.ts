import type { Form } from './form.ts'

export const gitlabForm: Form = () => ''
