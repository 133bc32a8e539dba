#!/bin/sh
# Debian says `remove` or `upgrade`, RPM how many stay installed.
set -e
unit=tcewatch-@PROGRAM@.service
[ -d /run/systemd/system ] || exit 0
case "$1" in
  remove | 0) systemctl disable --now "$unit" ;;
esac
