/** Lines as uwsgi-parse writes them. */
export function requestLine({
  ip = '203.0.113.7',
  time = Date.parse('2026-11-22T14:06:08.000Z'),
  uri = '/',
}: {
  ip?: string
  time?: number
  uri?: string
} = {}): string {
  return `${JSON.stringify({ type: 'request', time: new Date(time).toISOString(), ip, status: 404, method: 'GET', uri, protocol: 'HTTP/1.1', bytes: 3, msecs: 0 })}\n`
}
