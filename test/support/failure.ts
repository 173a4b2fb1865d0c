/** A line of uWSGI's log in UTC: a failure of a client, answered now. */
export function failure(client: string, uri = '/x', status = 404): string {
  const [, day, date, month, year, time] =
    /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(new Date().toUTCString()) ?? []
  const logged = `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`
  return (
    `[pid: 7|app: 0|req: 1/1] ${client} () {24 vars in 256 bytes} [${logged}] GET ${uri} => generated 3 bytes ` +
    `in 0 msecs (HTTP/1.0 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`
  )
}
