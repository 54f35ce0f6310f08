# The harness with what it lays on its machines: the plan, the runtime and the scenarios, placed as in a checkout.
{
  lib,
  stdenv,
  python3,
  debian-archive-keyring ? null, # which older nixpkgs lack
  iproute2,
  mmdebstrap,
  nftables,
  nix,
  systemd,
  tcpdump,
  util-linux,
  wireguard-tools,
  # `passthru.tests`: the flake has them, a package alone cannot.
  leakTests ? { },
}:
let
  # What a lab is made by, and what tests run.
  tools = [
    iproute2
    mmdebstrap
    nftables
    nix
    systemd
    tcpdump
    util-linux
    wireguard-tools
  ];
in
python3.pkgs.buildPythonApplication {
  pname = "nsguard-harness";
  inherit ((lib.importTOML ../pkgs/nsguard/pyproject.toml).project) version;
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ./.
      ../modules/plan
      ../pkgs/nsguard
      ../docs/tunnels.md # which a test compares with what it sees
    ];
  };
  sourceRoot = "source/harness";

  build-system = [ python3.pkgs.setuptools ];

  dependencies = with python3.pkgs; [
    pexpect
    pyroute2
    pytest
    rich
    scapy
  ];

  # For nsguard-init, below.
  buildInputs = lib.optional (stdenv.cc.libc ? static) stdenv.cc.libc.static;

  nativeCheckInputs = [
    python3.pkgs.hypothesis
    python3.pkgs.pytestCheckHook
  ]
  ++ tools;
  # Hypothesis tries the same examples at each build, for as long as it takes.
  env.CI = "1";
  pytestFlags = [
    "-Wdefault" # a pytest of tomorrow may warn of what today's does not
    "--hypothesis-profile=build" # fewer examples, in tests/conftest.py
  ];
  # A build sandbox has neither machines nor network namespaces.
  disabledTestMarks = [ "lab" ];
  # Where Nix keeps what it evaluates; a build has no /nix/var.
  preCheck = ''
    export NIX_STATE_DIR=$TMPDIR/nix
  '';

  # bin/nsguard and the scenarios' scripts run on Debian.
  dontPatchShebangs = true;

  postInstall = ''
    mkdir -p $out/lib/harness $out/lib/modules $out/lib/pkgs/nsguard
    cp -r guards scenarios $out/lib/harness/
    cp -r ../modules/plan $out/lib/modules/
    cp -r ../pkgs/nsguard/bin ../pkgs/nsguard/src $out/lib/pkgs/nsguard/
    # Debian has none of Nix's libraries, and a host of NixOS no compiler.
    cp -r --no-preserve=mode ../pkgs/nsguard/init .
    make -B -C init LDFLAGS=-static
    install -D -t $out/lib/pkgs/nsguard/init init/nsguard-init
  '';

  makeWrapperArgs = [
    "--prefix PATH : ${lib.makeBinPath tools}"
  ]
  ++
    lib.optional (debian-archive-keyring != null)
      "--set-default NSGUARD_DEBIAN_KEYRING ${debian-archive-keyring}/share/keyrings/debian-archive-keyring.gpg";

  passthru.tests = leakTests;

  meta = {
    description = "Attacks a confined service by every way out, and judges what a capture outside it shows";
    license = lib.licenses.mit;
    mainProgram = "nsguard-leaktest";
    platforms = lib.platforms.linux;
  };
}
