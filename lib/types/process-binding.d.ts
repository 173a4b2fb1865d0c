/** What Node has of libuv's streams, as far as it is used (src/tcp_wrap.cc). */
declare namespace NodeJS {
  interface Process {
    binding(name: 'tcp_wrap'): {
      TCP: new (type: number) => { open(fd: number): number }
      constants: { SOCKET: number }
    }
  }
}
