# Installed as it is in a checkout, without Python's site-packages, so that it starts in a few milliseconds.
{
  lib,
  stdenv,
  amneziawg-tools,
  python3,
  iproute2,
  nftables,
  procps,
  systemd,
  util-linux,
  versionCheckHook,
  wireguard-go,
  wireguard-tools,
  # `passthru.tests`: the flake has them, a package alone cannot.
  leakTests ? { },
}:
stdenv.mkDerivation {
  pname = "nsguard";
  inherit ((lib.importTOML ./pyproject.toml).project) version;

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./bin
      (lib.fileset.difference ./init (lib.fileset.maybeMissing ./init/nsguard-init))
      ./pyproject.toml
      ./src
      ./tests
    ];
  };

  strictDeps = true;
  # One compiles the bytecode and runs the tests, the other runs nsguard: they differ in cross builds.
  nativeBuildInputs = [ python3 ];
  buildInputs = [ python3 ];

  # The tests run bin/nsguard.
  postPatch = ''
    patchShebangs --build bin
  '';

  buildPhase = ''
    runHook preBuild
    make -C init
    runHook postBuild
  '';

  doCheck = true;
  # Hypothesis tries the same examples at each build, for as long as it takes.
  env.CI = "1";
  pytestFlags = [
    "-Wdefault" # a pytest of tomorrow may warn of what today's does not
    "--hypothesis-profile=build" # fewer examples, in tests/conftest.py
  ];
  nativeCheckInputs = [
    iproute2
    nftables
    procps
    python3.pkgs.hypothesis
    python3.pkgs.pytestCheckHook
    util-linux
    wireguard-go
    wireguard-tools
  ];

  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/lib/nsguard
    make -C init install PREFIX=$out
    cp -r bin src $out/lib/nsguard/
    substituteInPlace $out/lib/nsguard/src/nsguard/system/process.py --replace-fail 'TOOLS = ""' 'TOOLS = "${
      lib.makeBinPath [
        amneziawg-tools
        iproute2
        nftables
        systemd
        wireguard-tools
      ]
    }"'
    # Files of the store do not change, so that nobody need look whether the bytecode is theirs.
    python3 -m compileall -q --invalidation-mode unchecked-hash $out/lib/nsguard/src
    ln -s ../lib/nsguard/bin/nsguard $out/bin/nsguard
    mkdir -p $out/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,man/man8}
    python3 -IS bin/nsguard completion bash >$out/share/bash-completion/completions/nsguard
    python3 -IS bin/nsguard completion zsh >$out/share/zsh/site-functions/_nsguard
    python3 -IS bin/nsguard completion fish >$out/share/fish/vendor_completions.d/nsguard.fish
    python3 -IS bin/nsguard manual >$out/share/man/man8/nsguard.8
    runHook postInstall
  '';

  # It was patched for the machine that builds.
  postFixup = ''
    patchShebangs --host --update $out/lib/nsguard/bin
  '';

  # What was installed starts, and is what it says.
  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];
  versionCheckProgramArg = "--version";

  passthru.tests = leakTests;

  meta = {
    description = "Puts a WireGuard tunnel alone into a network namespace and takes it out again";
    license = lib.licenses.mit;
    mainProgram = "nsguard";
    platforms = lib.platforms.linux;
  };
}
