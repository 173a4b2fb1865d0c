/**
 * Every backend behaves alike: conformance/behaviours.ts says how, conformance/suite.ts lists the backends.
 * The suite has a network of its own, and ends with everything it has started when this process does.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const suite = fileURLToPath(new URL('conformance/suite.js', import.meta.url))
// without root it has only to say so
const apart =
  process.getuid?.() === 0
    ? [
        ...['setpriv', '--pdeathsig', 'KILL'],
        ...['unshare', '--net', '--pid', '--mount-proc', '--fork', '--kill-child'],
      ]
    : []
const [program = '', ...args] = [...apart, process.execPath, suite, ...process.argv.slice(2)]
// so tap is told how long a file may take, in milliseconds
console.log('# timeout=1200000')
const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit')
process.exitCode = code ?? 1
