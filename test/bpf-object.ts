/** The kernel program is kept in the repository as compiled, so that nobody needs a compiler. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { missing } from './support/programs.js'
import { tempDir } from './support/temp-dir.js'

const KEPT = 'lib/xff-ban/backend/bpf/xff_ban.bpf.o'
/** The compiler of Debian 12. Another one's instructions are other ones, and as good. */
const CLANG = 'clang-14'

const skip = missing(CLANG, 'bpftool')
t.test('the sources of the kernel program compile to what is kept, byte for byte', { skip }, async t => {
  const made = join(tempDir(t), 'made.o')
  await execa('make', ['bpf', `CLANG=${CLANG}`, `BPF_OBJECT=${made}`], { env: { NODE_OPTIONS: '' } })
  t.ok(
    readFileSync(made).equals(readFileSync(KEPT)),
    `${KEPT} is of other sources: make bpf compiles it anew`,
  )
})

t.test('what is installed and packed is what is kept', async t => {
  t.ok(readFileSync('dist/xff-ban.bpf.o').equals(readFileSync(KEPT)))
})
