# Prints the messages of the file named that no test triggers; the names of the files with the tests,
# and of those with what the tools have printed, come on standard input. A test triggers a message
# whose text it quotes: the whole of it, something standing for each of its conversions, or a part, a
# literal of ten bytes or more that stands in the message between two of its conversions, or that
# holds what is between them. What was printed holds the whole message.
use strict;
use warnings;

my (%whole, %quoted);
my $printed = '';

sub quoted {
    my ($text) = @_;
    return if length $text < 10;
    $text =~ s/\\(["\\\$`])/$1/g;
    $whole{$text} = 1;
    # What a test puts in by itself separates parts.
    $quoted{$_} = 1 for grep { length >= 10 } split /\$\{?\w+\}?|\.\*|\*/, $text;
}

while (my $name = <STDIN>) {
    chomp $name;
    open my $file, '<', $name or die "$name: $!\n";
    local $/;
    my $content = <$file> . "\n";
    if ($name =~ /\.c$/) {
        # Literals that follow each other are one.
        $content =~ s/(?<!\\)"\s*\n\s*"//g;
        quoted($1 // '') while $content =~ /'(?:[^'\\\n]|\\.)+'|"((?:[^"\\\n]|\\.)*)"/g;
    } elsif ($name =~ /\.bats$/) {
        quoted($1 // $2) while $content =~ /'([^'\n]*)'|"((?:[^"\\\n]|\\.)*)"/g;
    } else {
        $printed .= $content;
    }
}
my $quotes = join "\n", keys %quoted;
my $whole = join "\n", keys(%whole), $printed, '';

my $conversion = qr/%[-+ #0-9.*]*(?:hh|h|ll|l|z|t)?[a-zA-Z]/;
my (@messages, @parts, @patterns, %tried);
my ($all, @ends) = ('');    # the parts of all messages, and where those of each end
open my $messages, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
while (my $message = <$messages>) {
    chomp(my $text = $message);
    $text =~ s/\\(["\\])/$1/g;
    $text =~ s/\\n$//;
    $text =~ s/%%/\x01/g;
    my @of_this = map { s/\x01/%/gr } split /$conversion|\\n/, $text, -1;
    $all .= join '', map { "$_\n" } grep { length >= 10 } @of_this;
    push @messages, $message;
    push @parts, \@of_this;
    my $pattern = '';
    for my $piece (split /($conversion|\\n)/, $text) {
        $piece =~ s/\x01/%/g unless $piece =~ /$conversion/;
        $pattern .= $piece =~ /^$conversion$/ ? $piece =~ /s$/ ? '.*' : '[-+.,\\w$]+'
                  : $piece eq '\\n'         ? '.*' : quotemeta $piece;
    }
    push @patterns, $pattern;
    push @ends, length $all;
}
# The message whose parts hold the byte at $at.
sub message_at {
    my ($at, $low, $high) = ($_[0], 0, $#ends);
    while ($low < $high) {
        my $middle = int(($low + $high) / 2);
        if ($ends[$middle] > $at) { $high = $middle } else { $low = $middle + 1 }
    }
    return $low;
}
for my $quote (keys %quoted) {
    for (my $at = index $all, $quote; $at >= 0; $at = index $all, $quote, $at + 1) {
        $tried{message_at($at)} = 1;
    }
}
for my $i (0 .. $#messages) {
    next if $tried{$i} || grep { length >= 10 && index($quotes, $_) >= 0 } @{ $parts[$i] };
    print $messages[$i] unless is_whole($patterns[$i], @{ $parts[$i] });
}
# Whether a line fits the pattern, in which these parts are: only lines that hold the longest are
# looked at.
sub is_whole {
    my ($pattern, @literals) = @_;
    my ($longest) = sort { length $b <=> length $a } @literals;
    for (my $at = index $whole, $longest; $at >= 0; $at = index $whole, $longest, $at + 1) {
        my $from = rindex($whole, "\n", $at) + 1;
        my $to = index $whole, "\n", $at;
        return 1 if substr($whole, $from, $to - $from) =~ /$pattern/;
        $at = $to;
    }
    return 0;
}
