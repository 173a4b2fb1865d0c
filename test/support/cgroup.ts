/**
 * Whatever imports this has a control group of its own, named by XFF_JAIL_CGROUP: for a systemd, which fills it with
 * groups for its units. Of all that a test makes they alone are in no namespace that ends with the test, so somebody
 * outside waits for its end, however it comes, and removes them. To be imported before apart.js.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'

/** Its path in the hierarchy of cgroup2. */
export const CGROUP = 'XFF_JAIL_CGROUP'

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

if (process.env[CGROUP] === undefined && process.getuid?.() === 0) {
  // without a pause: apart.js does not wait for what another module waits for
  const path = `/xff-jail-test-${randomUUID()}`
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
