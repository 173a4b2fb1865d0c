/**
 * Whatever imports this has a control group of its own, below that of whoever started it: for a systemd, which fills it with
 * groups for its units. Of all that a test makes they alone are in no namespace that ends with the test, so somebody
 * outside waits for its end, however it comes, and removes them. To be imported before apart.js.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { APART, CGROUP } from './marks.js'

/** The end of its input is the end of the test; a group is removed once its last process is reaped. */
const KEEPER = `
set -eu
mount -t cgroup2 cgroup2 /mnt
mkdir "/mnt$1"
read -r || true
for ((tries = 0; tries < 600; tries++)); do
  find "/mnt$1" -depth -type d -exec rmdir {} + 2>/dev/null && exit
  sleep 0.1
done
`

if (process.env[APART] === undefined && process.getuid?.() === 0) {
  // without a pause: apart.js does not wait for what another module waits for
  const path = `${process.env[CGROUP] ?? ''}/xff-jail-test-${randomUUID()}`
  process.env[CGROUP] = path
  // a session of its own: nothing that is sent to the test reaches it
  const keeper = spawn('unshare', ['--mount', 'bash', '-c', KEEPER, 'keeper', path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  // its input is open as long as this process is, and keeps it from nothing
  keeper.unref()
  ;(keeper.stdin as Socket).unref()
}
