/** Two hosts that share their bans over ssh, as docs/fleet.md says it, with a real sshd: each in a network of its own. */
import { blocksOf } from '../support/markdown.js'
import { runAsReader } from '../support/reader.js'
import { tempDir } from '../support/temp-dir.js'
import { kernelTest } from './lab/needs.js'

const blockWith = (text: string): string => {
  const block = blocksOf('docs/fleet.md').find(one => one.text.includes(text))
  if (!block) throw new Error(`docs/fleet.md has no block with ${text}`)
  return block.text.trim()
}

/** web1 is the machine of the reader, with a real tail and ssh; its way to web2 is a link, and web2 has an sshd. */
const TWO_HOSTS = `
rm ../bin/tail ../bin/ssh
hash -r
cat > ../bin/tail <<'END'
#!/bin/bash
exec /usr/bin/tail "$@"
END
chmod +x ../bin/tail
ip netns add web2
ip link add web2 type veth peer name web1 netns web2
ip address add 10.9.0.1/24 dev web2
ip link set web2 up
ip -n web2 address add 10.9.0.2/24 dev web1
ip -n web2 link set web1 up
ip -n web2 link set lo up
echo 10.9.0.2 web2 >> /etc/hosts
usermod -p '*' root
export HOME=$PWD/../home
mkdir -p $HOME/.ssh /run/sshd
ssh-keygen -q -t ed25519 -N '' -f $HOME/.ssh/id_ed25519
ssh-keygen -q -t ed25519 -N '' -f ../host_key
echo "web2 $(cut -d ' ' -f 1,2 ../host_key.pub)" > ../known_hosts
key=$(cut -d ' ' -f 1,2 $HOME/.ssh/id_ed25519.pub)
`

kernelTest(
  'who is banned on one is banned on the other, also after the connection was lost',
  ['sshd', 'ssh', 'ssh-keygen', 'ip', 'pkill', 'jq', 'usermod'],
  async t => {
    const follow = blockWith('root@web2')
    const { exitCode, all } = await runAsReader(
      tempDir(t),
      `${TWO_HOSTS}
cat > ../authorized_keys <<'END'
${blockWith('restrict,command=')}
END
sed -i "s|ssh-ed25519 AAAA...|$key|" ../authorized_keys
cat > ../sshd_config <<END
HostKey $(realpath ../host_key)
AuthorizedKeysFile $(realpath ../authorized_keys)
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
ClientAliveInterval 10
SetEnv PATH=$PATH
END
printf 'Host web2\\nUserKnownHostsFile %s\\nIdentityFile %s\\n' "$(realpath ../known_hosts)" "$HOME/.ssh/id_ed25519" > /etc/ssh/ssh_config
ip netns exec web2 $(command -v sshd) -D -e -f $(realpath ../sshd_config) 2> ../sshd.log & sshd=$!

mkfifo input
xff-ban --port 3031 --name own < input > /dev/null & exec 9> input
ban() { echo "{\\"type\\":\\"$1\\",\\"ip\\":\\"$2\\"}" >&9; }
listed() { ip netns exec web2 xff-ban list --name web1 2>/dev/null | jq -r .ip | sort | paste -sd,; }
await() { local tries; for tries in $(seq 300); do [ "$(listed)" = "$1" ] && return; sleep 0.1; done; echo "web2 has $(listed) instead of $1"; cat ../sshd.log; return 1; }
share() { ${follow}; }
# as a service manager does, unless it is held
keep_sharing() { while :; do [ -e ../hold ] || share || true; sleep 0.2; done; }

ban ban 203.0.113.1
keep_sharing &
await 203.0.113.1
ban ban 203.0.113.2
await 203.0.113.1,203.0.113.2
# the connection is lost, and what comes meanwhile comes with the next one
touch ../hold
pkill -KILL -x ssh
ban unban 203.0.113.1
ban ban 203.0.113.3
until xff-ban list --name own | grep -q 203.0.113.3; do sleep 0.1; done
[ "$(listed)" = 203.0.113.1,203.0.113.2 ]
rm ../hold
await 203.0.113.2,203.0.113.3
# the key may do nothing else
[ "$(ssh -n root@web2 id -u < /dev/null 2>&1 | grep -c '^0$')" = 0 ]
kill $sshd
`,
    )
    t.equal(exitCode, 0, 'all of it', { all })
  },
)
