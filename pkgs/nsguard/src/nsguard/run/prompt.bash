# bash reads this file in `nsguard shell`, in place of ~/.bashrc: ~/.bashrc, then a prompt that shows the namespace.
[ -r ~/.bashrc ] && . ~/.bashrc
_nsguard_prompt() {
  [[ $PS1 == "($NSGUARD_NAMESPACE) "* ]] || PS1="($NSGUARD_NAMESPACE) $PS1"
}
PROMPT_COMMAND+=(_nsguard_prompt)
