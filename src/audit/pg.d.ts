// The part of the package pg that we use; it ships no types.
declare module 'pg' {
  export class Client {
    constructor(options: object)
    connect(): Promise<void>
    query(text: string, values?: readonly unknown[]): Promise<{ rows: readonly Record<string, unknown>[] }>
    end(): Promise<void>
    getStartupConf(): object
    on(event: 'error', listener: () => void): void
  }
}
