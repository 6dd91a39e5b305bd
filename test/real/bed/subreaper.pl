# Runs a command and stays the parent of all that it leaves behind. libvirt waits for its detached
# QEMU processes to vanish; where process 1 is slow to reap (containers), every one costs a minute.
use strict;
use warnings;

my $prctl = 157;                 # x86_64
my $set_child_subreaper = 36;
syscall($prctl, $set_child_subreaper, 1, 0, 0, 0) == 0 or die "cannot become a subreaper: $!\n";

my $child = fork() // die "cannot fork: $!\n";
if ($child == 0) {
    exec { $ARGV[0] } @ARGV or die "cannot run $ARGV[0]: $!\n";
}
1 while wait() != -1;
