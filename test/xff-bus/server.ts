/**
 * The example of a server's configuration, started as it stands, as Debian's service does; only the certificates are the
 * test's.
 */
import { kernelTest } from '../kernel/lab/needs.js'
import { runAsReader } from '../support/reader.js'
import { tempDir } from '../support/temp-dir.js'

const NEEDS = ['nats-server', 'openssl', 'setpriv', 'jq']

/** Keys, certificates and streams, on a machine of the test's own, as the root of it. */
const SET_UP = `
mkdir -p /etc/nats /etc/xff-jail
install -d -o nats -g nats -m 700 /var/lib/nats
cd /etc/nats
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile <(echo subjectAltName=DNS:localhost) 2>/dev/null
chown nats server.key
for user in web1 count1 alice root; do declare $user="$user=$(xff-bus key /etc/xff-jail/$user.key)"; done
xff-bus setup --print-auth --host $web1 --counter $count1 --operator $alice --admin $root > auth.conf
cd "$OLDPWD"
cp share/examples/nats-server.conf /etc/nats-server.conf
as() { local user=$1; shift; xff-bus "$@" --server tls://localhost --ca /etc/nats/ca.crt --from $user --nkey /etc/xff-jail/$user.key; }
start() {
  setpriv --reuid nats --regid nats --clear-groups nats-server -c /etc/nats-server.conf & server=$!
  until as root setup; do sleep 0.1; kill -0 $server; done
}
`

kernelTest(
  'the example starts, confined, with TLS and permissions, and keeps what it confirmed',
  NEEDS,
  async t => {
    const { exitCode, all } = await runAsReader(
      tempDir(t),
      `${SET_UP}
start
request() { echo "{\\"type\\":\\"request\\",\\"time\\":\\"$(date -u +%FT%T.000Z)\\",\\"ip\\":\\"203.0.113.7\\",\\"status\\":404}"; }
request | as web1 write requests
[ "$(as count1 read requests --end | jq -r .ip)" = 203.0.113.7 ]
echo '{"type":"ban","ip":"203.0.113.7"}' | as count1 write bans
echo '{"type":"ban","ip":"198.51.100.1"}' | as web1 write bans && exit 3
kill -KILL $server
wait $server || true
start
[ "$(as web1 read bans --end | jq -r .ip)" = 203.0.113.7 ]
xff-bus status --server nats://localhost --from root --nkey /etc/xff-jail/root.key && exit 4
xff-bus status --server tls://localhost --ca /etc/nats/ca.crt && exit 5
# one key that is taken out of the file is one that is out
sed -i '/# host web1/,+3d' /etc/nats/auth.conf
kill -HUP $server
until { as web1 read bans --end 2>&1 || true; } | grep 'cannot use the broker'; do sleep 0.1; done
as count1 read bans --end
`,
    )
    t.equal(exitCode, 0, 'all of it', { all })
    t.match(all, /refuses: Permissions Violation for Publish to "xff\.app\.ban\.web1"/)
  },
)

kernelTest('the lines for three servers are lines that a server takes', NEEDS, async t => {
  const { exitCode, all } = await runAsReader(
    tempDir(t),
    `${SET_UP}
grep -v sync_interval share/examples/nats-server.conf | sed -E 's/^#(cluster|  |\\})/\\1/' > /etc/nats-server.conf
grep -c '^cluster' /etc/nats-server.conf
nats-server -c /etc/nats-server.conf -t`,
  )
  t.match({ exitCode, all }, { exitCode: 0, all: /configuration file \S+ is valid/ })
})
