# Sourced by the host and by its guests: answers the lab's requests on standard input and output. A request is a script
# whose last line is a full stop alone; the answer is what it prints and a line `=exit CODE=`. Runs in bash and busybox.
serve() {
  echo '=ready='
  script=
  while IFS= read -r line; do
    if [ "$line" != . ]; then
      script="$script$line
"
      continue
    fi
    (eval "$script") </dev/null 2>&1
    printf '\n=exit %d=\n' $?
    script=
  done
}
