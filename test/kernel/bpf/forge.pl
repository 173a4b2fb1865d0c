#!/usr/bin/perl
# Sends frames by a device, each a line in hex on stdin, and writes those that come in, in hex: `forge.pl DEVICE`. Writes
# "ready" first, and ends with its stdin.
use strict;
use warnings;
use Socket;

use constant { AF_PACKET => 17, ETH_P_ALL => 0x0300, OUTGOING => 4 };
socket my $socket, AF_PACKET, SOCK_RAW, ETH_P_ALL or die "socket: $!\n";
# SIOCGIFINDEX; what /sys shows is another network namespace's
ioctl $socket, 0x8933, my $request = pack 'a16 x24', $ARGV[0] or die "$ARGV[0]: $!\n";
bind $socket, pack 'SSlSCCx8', AF_PACKET, ETH_P_ALL, (unpack 'x16 l', $request), 0, 0, 0 or die "bind: $!\n";
$| = 1;
print "ready\n";
my $lines = '';
while (1) {
    my $ready = '';
    vec($ready, fileno $_, 1) = 1 for $socket, \*STDIN;
    select $ready, undef, undef, undef;
    if (vec $ready, fileno STDIN, 1) {
        last if !sysread STDIN, $lines, 65_536, length $lines;
        send $socket, pack('H*', $1), 0 while $lines =~ s/^([0-9a-f]*)\n//;
    }
    next unless vec $ready, fileno $socket, 1;
    my $sender = recv $socket, my $frame, 70_000, 0;
    print unpack('H*', $frame), "\n" if defined $sender && (unpack 'SSlSC', $sender)[4] != OUTGOING;
}
