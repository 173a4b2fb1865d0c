/** Somebody who does what the pages say, on a machine that is his to change. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import { ROOT, withCommands } from './commands.js'
import { LIMIT } from './wait-for.js'

/** What a test needs for a reader, beside root. */
export const READER = ['jq', 'bpftool', 'tc', 'iptables', 'ipset', 'nft']

/** Programs of the reader's that a test cannot have as they are; `\$` is the shell's own. */
const STAND_INS: Readonly<Record<string, string>> = {
  // a log that is followed ends where it is
  tail: `arguments=(); for one; do [ "$one" = -F ] || arguments+=("$one"); done
    exec /usr/bin/tail "\${arguments[@]}"`,
  // the other host is this one
  ssh: 'shift; exec "$@"',
  // what takes minutes, or would run the test that runs it, is only told; what is built is built
  make: `for target; do
      case "$target" in test|fresh|matrix|fuzz|golden|lint|bench*|bpf-kernels) set -- --dry-run "$@"; break; esac
    done
    exec /usr/bin/make "$@"`,
}

/**
 * The machine: its own network, processes and mounts, with what the pages name in its place. What is changed in /etc and
 * /var is changed for it alone.
 */
const MACHINE = `
set -euo pipefail
mount -t tmpfs tmpfs ../changes
for folder in etc var; do
  mkdir ../changes/$folder ../changes/$folder.work
  mount -t overlay -o lowerdir=/$folder,upperdir=../changes/$folder,workdir=../changes/$folder.work overlay /$folder
done
mount -t tmpfs tmpfs /run
[ -z "\${TMPDIR-}" ] || mkdir -p "$TMPDIR" # it may be below /run
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
mkdir -p /var/log/uwsgi/app /etc/uwsgi /etc/xff-jail /etc/fail2ban /var/lib/prometheus/node-exporter /run/xff-ban/app
cp uwsgi.log /var/log/uwsgi/app.log
cp fixtures/uwsgi-parse/logs-of-other-servers/nginx.log access.log
cp -r fixtures/xff-import/the-old-recipe/. /etc/fail2ban/
printf '[uwsgi]\\nlog-x-forwarded-for = true\\n' > /etc/uwsgi/app.ini
echo http://127.0.0.1:9/hook > /etc/xff-jail/webhook
echo http://127.0.0.1:9/slack > /etc/xff-jail/slack
`

/**
 * Runs commands as a reader does who stands in the clone, with a log of his beside him.
 * @param folder an empty one, for the reader's files
 * @param commands lines of shell; the first that fails ends them
 */
export async function runAsReader(
  folder: string,
  commands: string,
): Promise<{ exitCode: number | undefined; all: string }> {
  const [clone, bin] = [join(folder, 'clone'), join(folder, 'bin')]
  for (const made of [clone, bin, join(folder, 'changes')]) mkdirSync(made)
  for (const name of readdirSync(ROOT).filter(name => !name.startsWith('.'))) {
    symlinkSync(join(ROOT, name), join(clone, name))
  }
  const log = readFileSync('fixtures/attack/uwsgi.log')
  writeFileSync(join(clone, 'uwsgi.log'), log)
  writeFileSync(join(clone, 'uwsgi.log.2.gz'), gzipSync(log))
  for (const [name, text] of Object.entries(STAND_INS)) {
    const file = join(bin, name)
    writeFileSync(file, `#!/bin/bash\n${text}\n`)
    chmodSync(file, 0o755)
  }
  const { PATH, ...env } = withCommands({ TZ: 'UTC' })
  const { exitCode, all } = await execa(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['bash', '-c', `${MACHINE}\n${commands}`],
    ],
    {
      cwd: clone,
      env: { ...env, PATH: `${bin}:${PATH}` },
      stdin: 'ignore',
      all: true,
      reject: false,
      timeout: 2 * LIMIT,
      killSignal: 'SIGKILL',
    },
  )
  return { exitCode, all }
}
