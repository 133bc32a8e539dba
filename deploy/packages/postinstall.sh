#!/bin/sh
# The first installation starts nothing: the settings come first. An upgrade goes on with the new program.
# Debian says `configure` and the version before, if there was one; RPM how many are installed now.
set -e
unit=tcewatch-@PROGRAM@.service
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
case "$1-$2" in
  configure-?* | [2-9]-*) systemctl try-restart "$unit" ;;
esac
