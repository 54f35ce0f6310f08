# The harness with what it lays on its machines: the plan, the runtime and the scenarios, placed as in a checkout.
{
  lib,
  python3,
  iproute2,
  mmdebstrap,
  nftables,
  nix,
  systemd,
  tcpdump,
  util-linux,
  wireguard-tools,
}:
python3.pkgs.buildPythonApplication {
  pname = "nsguard-harness";
  version = "0.1.0";
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ./.
      ../modules/plan
      ../pkgs/nsguard
    ];
  };
  sourceRoot = "source/harness";

  build-system = [ python3.pkgs.setuptools ];

  dependencies = with python3.pkgs; [
    pyroute2
    pytest
    rich
    scapy
  ];

  nativeCheckInputs = [ python3.pkgs.pytestCheckHook ];
  # A build sandbox has neither machines nor network namespaces.
  disabledTestMarks = [ "lab" ];
  # Nor a Nix that evaluates.
  disabledTestPaths = [ "tests/unit/test_scenario.py" ];

  postInstall = ''
    mkdir -p $out/lib/harness $out/lib/modules $out/lib/pkgs/nsguard
    cp -r scenarios $out/lib/harness/
    cp -r ../modules/plan $out/lib/modules/
    cp -r ../pkgs/nsguard/bin ../pkgs/nsguard/src $out/lib/pkgs/nsguard/
  '';

  makeWrapperArgs = [
    "--prefix PATH : ${
      lib.makeBinPath [
        iproute2
        mmdebstrap
        nftables
        nix
        systemd
        tcpdump
        util-linux
        wireguard-tools
      ]
    }"
  ];

  meta = {
    description = "Attacks a confined service by every way out, and judges what a capture outside it shows";
    license = lib.licenses.mit;
    mainProgram = "nsguard-leaktest";
    platforms = lib.platforms.linux;
  };
}
