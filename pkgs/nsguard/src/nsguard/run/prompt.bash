# What bash reads in `nsguard shell` in place of ~/.bashrc: that, and a prompt that shows the namespace.
[ -r ~/.bashrc ] && . ~/.bashrc
_nsguard_prompt() {
  [[ $PS1 == "($NSGUARD_NAMESPACE) "* ]] || PS1="($NSGUARD_NAMESPACE) $PS1"
}
PROMPT_COMMAND+=(_nsguard_prompt)
