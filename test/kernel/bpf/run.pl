#!/usr/bin/perl
# Drives a loaded program for tests: `bpf-run.pl PROGRAM MAPS`, orders on stdin, one answer line each, hex all over.
#
#     packet BYTES         BPF_PROG_TEST_RUN; answers "ACTION VERDICT CLIENT BYTES", what came out, and what scratch.h
#                          says
#     update MAP KEY VALUE; of a per-CPU map the VALUE for each CPU
#     delete MAP KEY
#     get MAP KEY SIZE     answers VALUE, or "-"
#     statistics           the kernel accounts for the time in programs, until this process ends (BPF_ENABLE_STATS)
#     batch N              not answered; the answers of the N orders that follow come in one piece
use strict;
use warnings;
use Config;

my $BPF = $Config{archname} =~ /^x86_64/ ? 321 : 280;
sub address { unpack 'Q', pack 'P', $_[0] }
sub bpf { my ($command, $attr) = @_; my $r = syscall $BPF, $command, $_[1], length $attr; $r }

my ($program_pin, $maps_pin) = @ARGV;
sub object { my $path = "$_[0]\0"; my $fd = bpf(7, my $a = pack 'QLL', address($path), 0, 0); die "$_[0]: $!\n" if $fd < 0; $fd }

my $program = object($program_pin);
my %map;
sub map_fd { $map{$_[0]} //= object("$maps_pin/$_[0]") }

open my $possible, '<', '/sys/devices/system/cpu/possible' or die;
my $cpus = <$possible> =~ /-(\d+)/ ? $1 + 1 : 1;
# stay on CPU 0, whose scratch we read
syscall($Config{archname} =~ /^x86_64/ ? 203 : 122, 0, 8, my $mask = pack 'Q', 1) >= 0 or die "sched_setaffinity: $!\n";

my $out = "\0" x 8192;
my $scratch_size = $ARGV[2];
my $slot = ($scratch_size + 7) & ~7;
my $scratch = "\0" x ($slot * $cpus);
my $zero = pack 'L', 0;
my $held = 0;
$| = 1;
my $answer = '';
while (<STDIN>) {
    chomp;
    my ($order, @a) = split / /;
    if ($order eq 'batch') { $held = $a[0]; next }
    if ($order eq 'packet') {
        my $in = pack 'H*', $a[0];
        my $attr = pack 'LLLLQQLLLLQQLLL', $program, 0, length $in, length $out, address($in), address($out), 1, 0, 0, 0, 0, 0, 0, 0, 0;
        die "line $.: test run: $!\n" if bpf(10, $attr) < 0;
        my (undef, $action, undef, $size) = unpack 'lllL', $attr;
        die "scratch: $!\n" if bpf(1, my $look = pack 'LLQQQ', map_fd('scratch'), 0, address($zero), address($scratch), 0) < 0;
        my ($verdict, $client) = unpack 'La16', $scratch;
        $answer .= "$action $verdict " . unpack('H*', $client) . ' ' . unpack('H*', substr $out, 0, $size) . "\n";
    } elsif ($order eq 'update') {
        my ($key, $value) = map { pack 'H*', $_ } @a[1, 2];
        $value = $value x $cpus if $a[0] eq 'stats';
        die "line $.: $a[0]: $!\n" if bpf(2, my $attr = pack 'LLQQQ', map_fd($a[0]), 0, address($key), address($value), 0) < 0;
        $answer .= "ok\n";
    } elsif ($order eq 'delete') {
        my $key = pack 'H*', $a[1];
        bpf(3, my $attr = pack 'LLQQQ', map_fd($a[0]), 0, address($key), 0, 0);
        $answer .= "ok\n";
    } elsif ($order eq 'get') {
        my $key = pack 'H*', $a[1];
        my $value = "\0" x $a[2];
        my $r = bpf(1, my $attr = pack 'LLQQQ', map_fd($a[0]), 0, address($key), address($value), 0);
        $answer .= ($r < 0 ? '-' : unpack 'H*', $value) . "\n";
    } elsif ($order eq 'statistics') {
        die "statistics: $!\n" if bpf(32, my $attr = pack 'L', 0) < 0;
        $answer .= "ok\n";
    } else { die "line $.: what is $order?\n" }
    next if $held && --$held;
    print $answer;
    $answer = '';
}
