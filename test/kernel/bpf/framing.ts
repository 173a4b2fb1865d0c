/** How a request's bytes give the list that uwsgi-parse finds in the log: the slow and obvious way. */

/** Up to the end of the line: uWSGI takes whatever stands between the blanks. */
const REQUEST_LINE = /^[!-~][^ \r]* [^ \r]* [^\r]*\r\n/

/**
 * The values of all lines of a header, as one list; undefined where this is no complete header section.
 * @param name in lower case with `-`
 */
export function httpList(bytes: Buffer, name: string): string | undefined {
  const text = bytes.toString('latin1')
  const requestLine = REQUEST_LINE.exec(text)?.[0]
  if (requestLine === undefined) return undefined
  const values: string[] = []
  let ours = false
  for (const line of text.slice(requestLine.length).split('\r\n').slice(0, -1)) {
    if (line === '') return values.join(',')
    if (/^[ \t]/.test(line)) {
      if (ours) values.push(`${values.pop()}${line}`)
      continue
    }
    const wanted = line
      .slice(0, name.length + 1)
      .replace(/[A-Z]/g, c => c.toLowerCase())
      .replaceAll('_', '-')
    ours = wanted === `${name}:`
    if (ours) values.push(line.slice(name.length + 1))
  }
  return undefined
}

/** The last variable of a name, empty where there is none; undefined where this is no complete block. */
export function uwsgiList(bytes: Buffer, name: string): string | undefined {
  if (bytes.length < 4) return undefined
  const size = bytes.readUInt16LE(1)
  const block = bytes.subarray(4, 4 + size)
  if (size === 0 || block.length < size) return undefined
  let list = ''
  for (let at = 0; at < size; ) {
    const texts: string[] = []
    for (let i = 0; i < 2; i++) {
      if (at + 2 > size) return undefined
      const end = at + 2 + block.readUInt16LE(at)
      if (end > size) return undefined
      texts.push(block.toString('latin1', at + 2, end))
      at = end
    }
    if (texts[0] === name) list = texts[1] ?? ''
  }
  return list
}
