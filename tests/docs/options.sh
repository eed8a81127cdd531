#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# options.sh [--break] DMOVERD MANPAGE: every option of --help is in dmoverd(8), and vice versa.
#
# --break looks at a page that lacks one option, and so must fail.
set -euo pipefail

if [ "${1:-}" = --break ]; then
	is_broken=1
	shift
fi
dmoverd=$1
manpage=$2

from_help() {
	"$dmoverd" --help | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# From a macro: ".It Fl -path Ns = Ns Ar path" or ".Op Fl -path ...".
from_page() {
	grep -E "^\\.$1 .*Fl -" "$manpage" | grep -oE 'Fl -[a-z][a-z-]*' | sed 's/^Fl -/--/' |
		if [ "${is_broken:-}" ]; then sed '1s/$/-not/'; else cat; fi | sort -u
}

help=$(from_help)
described=$(from_page It)
if [ "$(wc -l <<<"$help")" -lt 5 ]; then
	echo "options.sh: $dmoverd --help names hardly any option: $help" >&2
	exit 1
fi
if ! diff --label '--help' --label "$manpage" -u <(echo "$help") <(echo "$described"); then
	echo "options.sh: --help and $manpage do not name the same options" >&2
	exit 1
fi

# The synopsis: what .Op says, and the line of those that print and exit.
synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$manpage" |
	grep -oE -- '(Fl|\|) -[a-z][a-z-]*' | sed -E 's/^(Fl|\|) -/--/' | sort -u)
if ! diff --label '--help' --label "synopsis of $manpage" -u <(echo "$help") <(echo "$synopsis"); then
	echo "options.sh: the synopsis of $manpage does not name the same options" >&2
	exit 1
fi
echo "options.sh: $(wc -l <<<"$help") options, the same in --help and in $manpage"
