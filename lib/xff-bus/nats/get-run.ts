import type { Stored } from '../broker.js'
import { answeredDirectly, TIMEOUT_MS } from './api.js'
import type { Link } from './link.js'

/**
 * Asks for messages by their numbers, all at once: without a timer, a promise and a text for each, which take four times
 * as long.
 * @returns by number what was answered; what was not, has to be asked again
 */
export function getRun(
  link: Link,
  stream: string,
  numbers: readonly number[],
): Promise<Map<number, Stored | 'none'>> {
  const { connection } = link
  const inbox = link.newInbox()
  const found = new Map<number, Stored | 'none'>()
  let left = numbers.length
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      subscription.unsubscribe()
      resolve(found)
    }
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback(error, message) {
        if (error) return end()
        const answer = answeredDirectly(message)
        if (answer) found.set(Number(message.subject.slice(inbox.length + 1)), answer)
        left -= 1
        if (left === 0) end()
      },
    })
    const timer = setTimeout(end, TIMEOUT_MS)
    for (const seq of numbers)
      connection.publish(`$JS.API.DIRECT.GET.${stream}`, `{"seq":${seq}}`, { reply: `${inbox}.${seq}` })
  })
}
