/** Terminals of tmux, with servers of the tests' own. */
import './apart.js'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { shortTempDir } from './temp-dir.js'
import { waitFor } from './wait-for.js'

/** A terminal of this size in which a command runs. Keys are written as tmux names them. */
export async function terminal(
  t: Parameters<typeof shortTempDir>[0],
  [columns, rows]: readonly [number, number],
  command: string,
) {
  const own = shortTempDir(t)
  const written = join(own, 'written')
  const tmux = async (...args: string[]) =>
    (await execa('tmux', ['-S', join(own, 's'), '-f', '/dev/null', ...args])).stdout
  t.teardown(() => tmux('kill-server').catch(() => {}))
  const size = ['-x', String(columns), '-y', String(rows)]
  // it begins when all that it writes is kept
  const line = `unset NO_COLOR; tmux wait-for begin; ${command}; echo "exit $?"; exec sleep 600`
  await tmux('new-session', '-d', ...size, line)
  await tmux('pipe-pane', '-O', `exec cat > '${written}'`)
  await tmux('wait-for', '-S', 'begin')
  const screen = () => tmux('capture-pane', '-p')
  return {
    keys: (...keys: string[]) => tmux('send-keys', ...keys),
    screen,
    /** the screen with its colours */
    styled: () => tmux('capture-pane', '-p', '-e'),
    resize: (columns: number, rows: number) =>
      tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    /** all that was written to the terminal, as it was */
    written: () => readFileSync(written, 'utf8'),
    shows: async (what: RegExp) =>
      await waitFor(`${what} on the screen`, async () => {
        const seen = await screen()
        return what.test(seen) && seen
      }),
  }
}
