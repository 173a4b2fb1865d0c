/** What a command says to a Node that is too old for it: two of them, one of which cannot even read it. */
import { existsSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import t from 'tap'
import { bundle, COMMANDS } from './support/commands.js'

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
const least = engines.node.replace('>=', '')

/** As `make test` has npm install it. */
function nodeOf(release: number): string {
  const name = `node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`
  return `build/node/${release}/node_modules/${name}/bin/node`
}

/** tap would have its own loaders read by every Node that is started. */
function runBy(node: string, args: string[]) {
  return execa('env', ['-u', 'NODE_OPTIONS', node, ...args], { reject: false })
}

for (const release of [12, 18]) {
  const node = nodeOf(release)
  const skip = !existsSync(node) && `${node} is missing: make test installs it, on Linux`
  t.test(`each command tells Node ${release} in a line that it is too old`, { skip }, async t => {
    const { stdout: found } = await runBy(node, ['--version'])
    t.match(found, new RegExp(`^v${release}\\.`))
    for (const command of COMMANDS) {
      const { exitCode, stdout, stderr } = await runBy(node, [bundle(command), '--help'])
      t.equal(stderr, `${command}: needs Node ${least} or newer, this is ${found.slice(1)}`)
      t.same([exitCode, stdout], [69, ''])
    }
  })
}

t.test('the README names the Node that package.json asks for', async t => {
  t.match(readFileSync('README.md', 'utf8'), `Node ${least} or newer`)
})
