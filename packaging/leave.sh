# What runs and stands on a machine, and how it goes: for the scripts of the Debian package and for packaging/uninstall.
# Functions in POSIX sh, since at a purge our commands are gone.

# the units that people start, and those that xff-jail@ starts: all of share/systemd (test/packaging.ts)
started='xff-jail xff-jail-report xff-jail-count xff-jail-notify'
bound='xff-jail-log xff-jail-fleet'

say() { echo "xff-jail: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }
# The instances of these units, as patterns of systemctl.
instances() { for unit in $1; do printf '%s@*.service ' "$unit"; done; }
# The values of an option in the settings of all jails; quotes around them are not ours to understand.
option() { sed -n "s/.*--$1[= ]\([A-Za-z0-9_./-]*\).*/\1/p" /etc/xff-jail/*.conf 2>/dev/null || true; }

# The units that run or are to start at boot. $1: the folder of their files, or nothing for any.
units_of() {
  [ -d /run/systemd/system ] || return 0
  {
    systemctl list-units --plain --no-legend $(instances "$started")
    systemctl list-unit-files --no-legend --state=enabled $(instances "$started")
  } | cut -d' ' -f1 | grep -v '@\.' | sort -u | while read -r unit; do
    file=$(systemctl show --property=FragmentPath --value "$unit")
    case $(readlink -f "$file") in "$(readlink -f "$1")"*) printf '%s ' "$unit" ;; esac
  done
}

# Says which bans stand, and how they are lifted. $1: how all of them are.
tell_bans() {
  bans=$(xff-jail list 2>/dev/null </dev/null | sed -n 's/^{"jail":"\([^"]*\)".*"ip":"\([^"]*\)".*/\1 \2/p' || true)
  [ -n "$bans" ] || return 0
  say "$(echo "$bans" | wc -l) bans stand, and end by themselves; to lift them, before or instead of this:"
  for jail in $(echo "$bans" | cut -d' ' -f1 | sort -u); do
    echo "    xff-jail unban --jail $jail $(echo "$bans" | sed -n "s/^$jail //p" | head -3 | tr '\n' ' ')..."
  done
  echo "    or, when it is gone: $1, which takes them out of the kernel"
  lasting=$(grep -lE -- '--(nginx|on-ban|push|dir)[= ]' /etc/xff-jail/*.conf 2>/dev/null | sed 's,.*/,,; s,\.conf$,,' | tr '\n' ' ')
  [ -z "$lasting" ] || say "those of $lasting(--nginx, --on-ban, --push, --dir) do not end without it: lift them before"
}

# $1: how all bans are lifted; $2: the folder of the units' files
stop_units() {
  tell_bans "$1"
  units=$(units_of "${2-}")
  [ -n "$units" ] || return 0
  say "stops $units"
  # what is stopped is to stay so
  systemctl disable --quiet --now $units || true
}

# The program in the kernel, and with it the bans; a queueing discipline in which nothing else is left goes as well.
remove_programs() {
  [ -d /sys/fs/bpf/xff-ban ] || return 0
  for device in $(has tc && ls /sys/class/net); do
    ours=
    for hook in ingress egress; do
      case $(tc filter show dev "$device" "$hook" pref 49152 2>/dev/null) in
        *xff_ban*) tc filter del dev "$device" "$hook" pref 49152 && ours=yes ;;
      esac
    done
    [ -z "$ours" ] || [ -n "$(tc filter show dev "$device" ingress; tc filter show dev "$device" egress)" ] ||
      tc qdisc del dev "$device" clsact
  done
  rm -rf /sys/fs/bpf/xff-ban
}

# From what iptables-save prints, what iptables-restore has to read: jumps to our chains bear our comment, and the name of
# a chain below the first one has a slash, a length and a digest (lib/xff-ban/backend/iptables/rules.ts).
without_ours() {
  awk '
    /^\*/ { table = $0; jumps = ""; split("", chains); split("", ours) }
    /^:/ {
      name = substr($1, 2); chains[name] = 1; below = name
      if (sub(/\/.*/, "", name) && sub(/^.*\//, "", below) && (below ~ /^00[0-9]$/ || (below ~ /^[0-9a-f][0-9a-f]/ && length(below) == 11)))
        ours[name] = 1
    }
    /^-A/ && / --comment "?xff-ban"? -j / { ours[$NF] = 1; line = $0; sub(/^-A/, "-D", line); jumps = jumps line "\n" }
    /^COMMIT/ {
      begin = ""; end = ""
      for (chain in chains) {
        name = chain; sub(/\/.*/, "", name)
        if (name in ours) { begin = begin ":" chain " - [0:0]\n"; end = end "-X " chain "\n" }
      }
      if (begin != "") printf "%s\n%s%s%sCOMMIT\n", table, begin, jumps, end
    }'
}

remove_rules() {
  for program in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    has $program-save || continue
    # asked by itself, the old one makes the tables that it looks for
    case $program in
      iptables-legacy) [ -s /proc/net/ip_tables_names ] || continue ;;
      ip6tables-legacy) [ -s /proc/net/ip6_tables_names ] || continue ;;
    esac
    script=$($program-save 2>/dev/null | without_ours)
    [ -z "$script" ] || echo "$script" | $program-restore --noflush --wait || say "$program: rules of ours may be left"
  done
  has nft || return 0
  nft list tables 2>/dev/null | sed -n 's,^table \(inet xff-ban/.*\),\1,p' | while read -r table; do
    nft delete table $table || say "nft: the table $table is left"
  done
}

remove_sets() {
  has ipset || return 0
  for name in $(option set); do
    for set in "$name" "${name}6"; do
      ipset flush "$set" 2>/dev/null || continue
      ipset destroy "$set" 2>/dev/null || say "the set $set stays, empty, since a rule refers to it"
    done
  done
}

# What others read stays where their configuration names it, with no ban in it.
remove_files() {
  for file in $(option nginx) $(option map); do
    rm -f "$(dirname "$file")/.$(basename "$file").lock"
  done
  for file in $(option nginx); do
    grep -qs '^# written by xff-ban' "$file" || continue
    : >"$file"
    nginx -s reload >/dev/null 2>&1 || true
    say "$file is empty now: remove it together with the include in the configuration of nginx"
  done
  for folder in $(option dir); do
    [ ! -d "$folder" ] || find "$folder" -maxdepth 1 -type f -exec grep -lq '^{"type":"ban"' {} \; -delete
  done
  for map in $(option map); do
    grep -qs '^# written by xff-ban' "$map" || continue
    : >"$map"
    say "$map is empty now: remove it together with the rule of HAProxy, which knows the bans of before until it starts again"
  done
  find /var/lib/xff-jail -type f -empty -name '*.map' 2>/dev/null | grep -q . || rm -rf /var/lib/xff-jail
}

# Removes bans, settings, journals, and what was running. The commands may be gone.
purge() {
  remove_programs
  remove_rules
  remove_sets
  remove_files
  # a temporary user's folders are links to others
  rm -rf /etc/xff-jail /var/lib/xff-ban /var/lib/private/xff-ban /run/xff-ban /run/private/xff-ban
  for unit in $started $bound; do
    rm -rf "/run/$unit" "/run/private/$unit" /etc/systemd/system/"$unit"@*.service.d
  done
  find /etc/systemd/system -type l -name 'xff-jail*@*' -delete 2>/dev/null || true
  reload_units
}

reload_units() {
  [ -d /run/systemd/system ] || return 0
  systemctl daemon-reload || true
  systemctl reset-failed 'xff-jail*' 2>/dev/null || true
}
