#!/usr/bin/perl
# Lets links of this network namespace carry segments of IPv4 or IPv6 of any size up to BYTES: `link-sizes.pl v4|v6 BYTES
# DEVICE…`. It does what `ip link set … gso_max_size` and `gso_ipv4_max_size` do, of which iproute2 before 6.3 knows only
# the first. Fails where the kernel does not know them.
use strict;
use warnings;
use Socket;

use constant { AF_NETLINK => 16, RTM_NEWLINK => 16, RTM_GETLINK => 18, NLM_F_REQUEST => 1, NLM_F_ACK => 4, ERROR => 2 };
# IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE (Linux 5.19); IFLA_GSO_IPV4_MAX_SIZE, IFLA_GRO_IPV4_MAX_SIZE (6.3)
my %SIZES = (v6 => [41, 58], v4 => [63, 64]);

my ($family, $size, @devices) = @ARGV;
my @sizes = @{ $SIZES{$family} };
socket my $netlink, AF_NETLINK, SOCK_RAW, 0 or die "socket: $!\n";

sub ask {
    my ($type, $flags, $index, $attributes) = @_;
    my $message = pack('Cx S l L L', 0, 0, $index, 0, 0) . $attributes;
    send $netlink, pack('LSSLL', 16 + length $message, $type, NLM_F_REQUEST | $flags, 1, 0) . $message, 0 or die "send: $!\n";
    recv $netlink, my $answer, 65536, 0;
    my ($kind, $error) = unpack 'x4 S x10 l', $answer;
    if ($kind == ERROR && $error) { $! = -$error; die "netlink: $!\n" }
    return $answer;
}

for my $device (@devices) {
    ioctl $netlink, 0x8933, my $request = pack 'a16 x24', $device or die "$device: $!\n";    # SIOCGIFINDEX
    my $index = unpack 'x16 l', $request;
    ask(RTM_NEWLINK, NLM_F_ACK, $index, join '', map { pack 'SSL', 8, $_, $size } @sizes);
    # what the kernel does not know it passes over
    my $link = ask(RTM_GETLINK, 0, $index, '');
    my %has;
    for (my $at = 32; $at + 4 <= length $link;) {
        my ($length, $type) = unpack "x$at SS", $link;
        last if $length < 4;
        $has{$type} = unpack 'L', substr $link, $at + 4, 4 if $length == 8;
        $at += ($length + 3) & ~3;
    }
    for (@sizes) { die "the kernel knows no link attribute $_\n" if ($has{$_} // 0) != $size }
}
