// What is used of the package pg, which has no types of its own.
declare module 'pg' {
  export class Client {
    constructor(options: object)
    connect(): Promise<void>
    query(text: string, values?: readonly unknown[]): Promise<{ rows: readonly Record<string, unknown>[] }>
    end(): Promise<void>
    on(event: 'error', listener: () => void): void
  }
}
