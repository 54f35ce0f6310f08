# Installed as it is in a checkout, without Python's site-packages, so that it starts in a few milliseconds.
{
  lib,
  stdenvNoCC,
  amneziawg-tools,
  python3,
  iproute2,
  nftables,
  systemd,
  wireguard-tools,
}:
stdenvNoCC.mkDerivation {
  pname = "nsguard";
  version = "0.1.0";

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./bin
      ./pyproject.toml
      ./src
      ./tests
    ];
  };

  buildInputs = [ python3 ];

  doCheck = true;
  nativeCheckInputs = [
    python3.pkgs.hypothesis
    python3.pkgs.pytest
  ];
  checkPhase = ''
    runHook preCheck
    python3 -m pytest
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/lib/nsguard
    cp -r bin src $out/lib/nsguard/
    substituteInPlace $out/lib/nsguard/bin/nsguard --replace-fail /usr/bin/python3 ${python3.interpreter}
    substituteInPlace $out/lib/nsguard/src/nsguard/system/process.py --replace-fail 'TOOLS = ""' 'TOOLS = "${
      lib.makeBinPath [
        amneziawg-tools
        iproute2
        nftables
        systemd
        wireguard-tools
      ]
    }"'
    python3 -m compileall -q $out/lib/nsguard/src
    ln -s ../lib/nsguard/bin/nsguard $out/bin/nsguard
    runHook postInstall
  '';

  meta = {
    description = "Puts a WireGuard tunnel alone into a network namespace and takes it out again";
    license = lib.licenses.mit;
    mainProgram = "nsguard";
    platforms = lib.platforms.linux;
  };
}
