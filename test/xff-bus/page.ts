/** What docs/fleet.md has a reader type, word by word and in its order, on a machine that has the address of its server. */
import { kernelTest } from '../kernel/lab/needs.js'
import { failure } from '../support/failure.js'
import { blocksOf } from '../support/markdown.js'
import { READER, runAsReader } from '../support/reader.js'
import { tempDir } from '../support/temp-dir.js'

const CLIENT = '203.0.113.7'
const ONE_MORE = '198.51.100.1'

const BLOCKS = blocksOf('docs/fleet.md')
const block = (text: string): string => {
  const found = BLOCKS.find(one => one.text.includes(text))
  if (!found) throw new Error(`docs/fleet.md has no block with ${text}`)
  return found.text.trim()
}
/** The lines of a block of which each runs beside the others. */
const lines = (text: string) => block(text).split('\n')
const [writer, host] = lines('xff-bus write requests --server')
const counter = block('--late 630 --status 4xx | xff-bus write bans')
const quorum = block('--hosts-min 2')

const STORY = `
ip address add 10.0.0.5 dev lo
cat > /etc/nats-server.conf <<'END'
${block('host: 10.0.0.5')}
END
nats-server -c /etc/nats-server.conf 2> ../nats.log &
await() { local tries; for tries in $(seq 600); do if eval "$1"; then return; fi; sleep 0.1; done; echo "in vain: $1"; return 1; }
await ${quoted(`${block('xff-bus setup --server')} 2> /dev/null`)}

cat > uwsgi.log <<'END'
${failure(CLIENT).repeat(10)}END
${writer}
${host} > ../carried-out &
(${counter}) & counting=$!
await 'grep -q "ban.*${CLIENT}" ../carried-out'

printf "BAN='--port 3031'\\nBUS='--server nats://10.0.0.5'\\n" > /etc/xff-jail/fleet.conf
${block('xff-jail list --fleet\nxff-jail why')}
[ "$(xff-jail list --fleet | jq -r .ip)" = ${CLIENT} ]
${block('"type":"unban"')}
await 'grep -q "unban.*${CLIENT}" ../carried-out'
[ -z "$(xff-jail list --fleet)" ]

echo '{"type":"ban","ip":"${ONE_MORE}"}' | xff-bus write bans --server nats://10.0.0.5
await 'grep -q "ban.*${ONE_MORE}" ../carried-out'
${block('jq -c')}
await 'grep -q "unban.*${ONE_MORE}" ../carried-out'

pkill -P $counting
wait $counting || true
# a client on whom one host reports, and one on whom two do
report() { xff-bus write requests --from "$1" --server nats://10.0.0.5; }
failures() { printf '{"type":"request","time":"%s","ip":"%s","status":404}\n' "$(date -u +%FT%T.000Z)" "$1"; }
for host in web1 web2; do for i in 1 2 3 4 5 6; do failures 192.0.2.2; done | report $host; done
for i in $(seq 12); do failures 192.0.2.1; done | report web3
(${quorum}) &
await 'grep -q "ban.*192.0.2.2" ../carried-out'
grep "192.0.2.2" ../carried-out | grep -qF '"hosts":["web1","web2"]'
if grep 'ban.*192.0.2.1"' ../carried-out; then exit 9; fi
xff-bus status --server nats://10.0.0.5 | jq -e '[.hosts[].host] | contains(["web1","web2","web3"])'

# keys, and what the server is told
user=$(${block('xff-bus key')})
${block('--print-auth').replaceAll(/U[A-Z]{2}\.\.\./g, '$user')}
grep -c "nkey: $user" auth.conf | grep -qx 4
`

/** As one word of the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

kernelTest('what the page says is what happens', [...READER, 'nats-server', 'pkill'], async t => {
  const { exitCode, all } = await runAsReader(tempDir(t), STORY)
  t.equal(exitCode, 0, 'all of it', { all })
})
