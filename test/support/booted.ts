import './cgroup.js'
import './apart.js'
import { execa } from 'execa'
import type { Test } from 'tap'

/** How many lines of the units' journal are shown when a test failed. */
const TOLD = 60

/** Runs a command in the booted system. @throws where it fails */
export type Inside = (argv: string[], input?: string) => Promise<string>

/** Boots a systemd in namespaces of its own, that ends with the test. */
export async function boot(t: Test): Promise<Inside> {
  const { stdout: init } = await execa('test/support/systemd', ['boot'])
  const inside: Inside = async (argv, input = '') =>
    (await execa('test/support/systemd', ['in', init, ...argv], { input })).stdout
  t.teardown(async () => {
    if (!t.passing()) {
      const journal = await inside(['journalctl', '--unit', 'xff-jail*', '--lines', String(TOLD)])
      t.comment(`the units wrote:\n${journal}\n${await inside(['systemctl', 'list-units', 'xff-jail*'])}`)
    }
    process.kill(Number(init), 'SIGKILL')
  })
  return inside
}

/** The same with the project installed. */
export async function bootInstalled(t: Test): Promise<Inside> {
  const inside = await boot(t)
  await inside(['make', '-C', process.cwd(), 'install'])
  await inside(['systemctl', 'daemon-reload'])
  await inside(['ip', 'link', 'set', 'lo', 'up'])
  await inside(['mkdir', '-p', '/etc/xff-jail', '/var/log/uwsgi'])
  return inside
}
