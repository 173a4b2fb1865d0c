import type { Ban } from '../../lib/xff-ban/jail/ban.js'

/** The headers of a browser. */
export const BROWSER = [
  ...['Host: www.example.org', 'Connection: close', 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"'],
  ...['sec-ch-ua-mobile: ?0', 'Upgrade-Insecure-Requests: 1', 'Accept-Language: de,en;q=0.5'],
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  `Cookie: session=${'x'.repeat(120)}`,
]

/** The addresses of a botnet, and when their bans end. */
export function bans(count: number): Ban[] {
  const until = Date.now() + 3_600_000
  return Array.from({ length: count }, (_, i) => {
    const ip = `${11 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.${(i * 7) & 255}`
    return { ip, until, record: { type: 'ban', ip } }
  })
}
