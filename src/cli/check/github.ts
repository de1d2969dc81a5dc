import type { Form } from './form.ts'

export const githubForm: Form = () => ''
