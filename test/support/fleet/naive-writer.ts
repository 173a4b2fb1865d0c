/**
 * Writes requests as somebody would who knows nothing of places, numbers and appends under a condition:
 *
 *     node naive-writer.js NAME --server URL ... < requests
 */
import { createInterface } from 'node:readline'
import { connect } from '@nats-io/transport-node'

const [name = '', ...args] = process.argv.slice(2)
const connection = await connect({
  servers: args.filter(arg => arg !== '--server'),
  maxReconnectAttempts: -1,
})
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.startsWith('{"type":"request"')) continue
  for (let isStored = false; !isStored; ) {
    isStored = await connection.request(`xff.app.request.${name}`, `${line}\n`, { timeout: 2_000 }).then(
      () => true,
      () => false,
    )
  }
}
await connection.close()
