# The words of a value without quotes and escapes, as systemd reads them (systemd.syntax(7)).
let
  inherit (builtins)
    elemAt
    foldl'
    isString
    match
    replaceStrings
    split
    stringLength
    substring
    ;

  characters = text: builtins.genList (index: substring index 1 text) (stringLength text);

  # The printable characters from 0x20 on.
  printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  digits = "0123456789abcdef";
  valueOf = digit: stringLength (elemAt (match "(.*)${digit}.*" digits) 0);
  character =
    base: text:
    let
      code = foldl' (sum: digit: sum * base + valueOf digit) 0 (characters text);
    in
    if code >= 32 && code < 127 then substring (code - 32) 1 printable else "?";

  # Replaces \x2f, \057 and \s; every other escaped character stands for itself.
  unescaped =
    text:
    builtins.concatStringsSep "" (
      map (
        part:
        if isString part then
          part
        else
          let
            hexadecimal = elemAt part 1;
            octal = elemAt part 2;
          in
          if hexadecimal != null then
            character 16 (lower hexadecimal)
          else if octal != null then
            character 8 octal
          else if elemAt part 3 == "s" then
            " "
          else
            elemAt part 3
      ) (split "\\\\(x([0-9a-fA-F]{2})|([0-7]{3})|(.))" text)
    );

  lower = replaceStrings [ "A" "B" "C" "D" "E" "F" ] [ "a" "b" "c" "d" "e" "f" ];

  # One character of a value: outside quotes a blank ends a word.
  step =
    state: char:
    if state.escaped then
      state
      // {
        word = "${state.word}\\${char}";
        escaped = false;
        inWord = true;
      }
    else if char == "\\" then
      state // { escaped = true; }
    else if state.quote != "" then
      if char == state.quote then
        state // { quote = ""; }
      else
        state // { word = "${state.word}${char}"; }
    else if char == "\"" || char == "'" then
      state
      // {
        quote = char;
        inWord = true;
      }
    else if match "[[:space:]]" char != null then
      ended state
    else
      state
      // {
        word = "${state.word}${char}";
        inWord = true;
      };

  ended =
    state:
    state
    // {
      words = if state.inWord then state.words ++ [ state.word ] else state.words;
      word = "";
      inWord = false;
    };

  read =
    text:
    (ended (
      foldl' step {
        words = [ ];
        word = "";
        inWord = false;
        escaped = false;
        quote = "";
      } (characters text)
    )).words;
in
{
  # Words with their escapes.
  escaped = read;

  # Words with their escapes replaced.
  words =
    text:
    if match ".*[\"'\\\\].*" text == null then
      builtins.filter (word: isString word && word != "") (split "[[:space:]]+" text)
    else
      map unescaped (read text);

  # The same for settings in which systemd only removes backslashes.
  stripped =
    text:
    if match ".*[\"'\\\\].*" text == null then
      [ ]
    else
      map (replaceStrings [ "\\" ] [ "" ]) (read text);
}
