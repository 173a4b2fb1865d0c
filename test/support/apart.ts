/**
 * Whatever imports this runs apart from the machine: in namespaces of its own, with all that it starts. They end with
 * the process, also when it is killed with SIGKILL, and with them every server, network, mount, pinned program and
 * temporary file; nothing has to be cleaned up, and nothing that other tests do can be seen.
 *
 * The process starts itself again in there before anything else of the file runs, and waits for its end:
 *
 *     node FILE - setpriv - unshare - bash (init: mounts, reaps) - node FILE
 *
 * The kernel ends each of them with the one to its left (PR_SET_PDEATHSIG), and with its init a pid namespace.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { APART } from './marks.js'
import { endWithParent } from './parent.js'

/** Whether it could be done. Whoever takes the mark out of a child's environment has it run apart from himself. */
export const isApart = process.env[APART] !== undefined

/** Another user needs a namespace in which he may make the others. */
const AS_USER = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps']
const NAMESPACES = ['unshare', ...AS_USER, '--net', '--pid', '--mount-proc', '--fork', '--kill-child']

/**
 * What a machine has that was just booted: loopback, an empty /run (names of networks, locks), no pinned program. The
 * temporary files are short-lived, so their folder is there as well, with a path short enough for sockets; and where tap
 * makes the folders of tests there is one that ends with them.
 */
const INIT = `
set -eu
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -m 1777 /run/tmp
mount -t tmpfs tmpfs .tap/fixtures
if [ "$EUID" = 0 ] && [ -d /sys/fs/bpf ]; then mount -t bpf bpf /sys/fs/bpf; fi
export TMPDIR=/run/tmp ${APART}=1
set +e
# not exec: an init reaps what others have left to it; what it took to mount is for this alone
setpriv --ambient-caps -all "$@"
exit
`

if (!isApart) {
  mkdirSync('.tap/fixtures', { recursive: true })
  const refusal = refusalOf([...NAMESPACES, 'bash', '-c', INIT, 'init', 'true'])
  // the tests that need namespaces say so themselves
  if (refusal === undefined) process.exit(await runApart())
  console.log(`# not apart from the machine, where a killed run may leave something behind: ${refusal}`)
}

function refusalOf([program = '', ...args]: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status === 0) return undefined
  return (error?.message ?? stderr).trim().replaceAll('\n', '; ')
}

/** @returns the exit code */
async function runApart(): Promise<number> {
  await setTapAside()
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const args = ['--pdeathsig', 'KILL', ...NAMESPACES, 'bash', '-c', INIT, 'init', ...self]
  const child = spawn('setpriv', args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  relay(child)
  endWithParent()
  const [code] = await once(child, 'exit')
  return code ?? 1
}

/** The tap of this process has nothing to do, and would run out of its time. */
async function setTapAside(): Promise<void> {
  const { default: t } = await import('tap')
  t.setTimeout(0)
  process.removeAllListeners('message')
}

/** The runner of the tests and a test file tell each other of time limits. */
function relay(child: ChildProcess): void {
  child.on('message', message => process.send?.(message))
  process.on('message', message => child.connected && child.send(message as object))
}
