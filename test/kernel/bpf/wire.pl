#!/usr/bin/perl
# A wire between two devices that loses, doubles and reorders frames: `wire.pl ONE OTHER LOSS DOUBLE REORDER SEED`, the
# three as probabilities. A frame that is overtaken comes 3 ms later. Writes "ready", and ends with its stdin.
use strict;
use warnings;
use Socket;
use Time::HiRes 'time';

use constant { AF_PACKET => 17, ETH_P_ALL => 0x0300, OUTGOING => 4, SO_RCVBUFFORCE => 33 };
my ($one, $other, $loss, $double, $reorder, $seed) = @ARGV;
srand $seed;

sub device {
    my ($name) = @_;
    socket my $socket, AF_PACKET, SOCK_RAW, ETH_P_ALL or die "socket: $!\n";
    # SIOCGIFINDEX; what /sys shows is another network namespace's
    ioctl $socket, 0x8933, my $request = pack 'a16 x24', $name or die "$name: $!\n";
    my $index = unpack 'x16 l', $request;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUFFORCE, pack 'l', 1 << 22;
    bind $socket, pack 'SSlSCCx8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0 or die "$name: $!\n";
    return $socket;
}

my @ends = (device($one), device($other));
my @late;    # [when, to which end, frame]
$| = 1;
print "ready\n";
while (1) {
    my $wait = @late ? $late[0][0] - time : 1;
    my $ready = '';
    vec($ready, fileno $_, 1) = 1 for @ends, \*STDIN;
    select $ready, undef, undef, $wait > 0 ? $wait : 0;
    last if vec($ready, fileno STDIN, 1) && !sysread STDIN, my $end, 1;
    while (@late && $late[0][0] <= time) {
        my (undef, $to, $frame) = @{ shift @late };
        send $ends[$to], $frame, 0;
    }
    for my $from (0, 1) {
        next unless vec $ready, fileno $ends[$from], 1;
        my $sender = recv $ends[$from], my $frame, 70_000, 0;
        next if !defined $sender || (unpack 'SSlSC', $sender)[4] == OUTGOING;
        next if rand() < $loss;
        for (1 .. (rand() < $double ? 2 : 1)) {
            if (rand() < $reorder) { push @late, [time + 0.003, 1 - $from, $frame] }
            else { send $ends[1 - $from], $frame, 0 }
        }
    }
}
