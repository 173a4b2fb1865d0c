/**
 * Keeps HOST PORT busy over 32 connections at a time, `kept` or `fresh` for each request, in the words of a front
 * end that tells of ever other clients. Prints the requests a second, the best of a few rounds: what else the machine does takes
 * away from the others.
 */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const [host = '', port = '', connections = ''] = process.argv.slice(2)
const CONNECTIONS = 32
/** in milliseconds */
const ROUND = 1000
const ROUNDS = 8

let count = 0
let client = 0

const request = () => {
  client = (client + 0x61c88647) >>> 0
  const ip = [20 + (client >>> 26), (client >>> 16) & 255, (client >>> 8) & 255, client & 255].join('.')
  return `GET /path/of/a/page?with=arguments HTTP/1.1\r
X-Forwarded-For: ${ip}\r
X-Edge: ${ip};\r
Host: app.example\r
User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r
Accept-Language: en-US,en;q=0.5\r
Upgrade-Insecure-Requests: 1\r
\r
`
}

const open = () => {
  const socket = connect({ host, port: Number(port), noDelay: true })
  if (connections === 'kept') {
    socket.on('data', () => {
      count += 1
      socket.write(request())
    })
    socket.on('close', () => {
      console.error('a connection ended')
      process.exit(1)
    })
  } else {
    socket.once('data', () => {
      count += 1
    })
    socket.on('error', () => {})
    socket.on('close', open)
  }
  socket.write(request())
}
for (let i = 0; i < CONNECTIONS; i++) open()

let best = 0
for (let round = 0; round < ROUNDS; round++) {
  const first = count
  const start = performance.now()
  await pause(ROUND)
  best = Math.max(best, ((count - first) * 1000) / (performance.now() - start))
}
console.log(best)
process.exit()
