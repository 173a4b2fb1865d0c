#!/usr/bin/perl
# Tells of a device how long the longest frame is that it has taken so far: `largest.pl DEVICE`, a line with each that is
# longer than all before, of some 64 KB on. Writes "ready" first, and ends with its stdin.
use strict;
use warnings;
use Socket;

use constant { AF_PACKET => 17, ETH_P_ALL => 0x0300, OUTGOING => 4, MSG_TRUNC => 0x20 };
socket my $socket, AF_PACKET, SOCK_RAW, ETH_P_ALL or die "socket: $!\n";
# SIOCGIFINDEX; what /sys shows is another network namespace's
ioctl $socket, 0x8933, my $request = pack 'a16 x24', $ARGV[0] or die "$ARGV[0]: $!\n";
bind $socket, pack 'SSlSCCx8', AF_PACKET, ETH_P_ALL, unpack('x16 l', $request), 0, 0, 0 or die "$ARGV[0]: $!\n";
setsockopt $socket, SOL_SOCKET, 33, pack 'l', 1 << 26;    # SO_RCVBUFFORCE
my $largest = 65_000;
$| = 1;
print "ready\n";
while (1) {
    my $ready = '';
    vec($ready, fileno $_, 1) = 1 for $socket, \*STDIN;
    select $ready, undef, undef, undef;
    last if vec($ready, fileno STDIN, 1) && !sysread STDIN, my $end, 1;
    next unless vec $ready, fileno $socket, 1;
    recv $socket, my $frame, 1 << 20, 0;
    next if length $frame <= $largest;
    $largest = length $frame;
    print "$largest\n";
}
