/** What Node has of libuv's terminals, as far as it is used (src/tty_wrap.cc). */
declare module 'node:tty' {
  interface WriteStream {
    _handle?: { setBlocking(isBlocking: boolean): void }
  }
}

export {}
