/** The bundles take yargs with substitutes for some of what it uses; their help has to look as it does without. */
import { execa } from 'execa'
import t from 'tap'
import wrap from '../../lib/cli/yargs-shims/wrap-ansi.js'
import { bundle, COMMANDS, withCommands } from '../support/commands.js'

for (const command of COMMANDS) {
  t.test(`${command} --help is what yargs makes of it with its own libraries`, async t => {
    const help = (file: string) => execa('node', [file, '--help'], { env: withCommands() })
    const [bundled, plain] = await Promise.all([help(bundle(command)), help(`build/bin/${command}.js`)])
    t.equal(bundled.stdout, plain.stdout)
  })
}

t.test(
  'a terminal of one column, of which yargs leaves none for text, is no reason to wrap for ever',
  async t => {
    t.equal(wrap('ab c', 0), 'a\nb\nc')
  },
)
