# Not a Python application: the launcher skips site-packages, and a shell wrapper would double its start-up time.
{
  lib,
  stdenv,
  makeBinaryWrapper,
  python3,
  iproute2,
  nftables,
  wireguard-tools,
  wireguard-go,
  systemd,
  util-linux,
}:
stdenv.mkDerivation {
  pname = "nsguard";
  version = (lib.importTOML ./pyproject.toml).project.version;

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./bin
      ./pyproject.toml
      ./src
      ./tests
    ];
  };

  nativeBuildInputs = [ makeBinaryWrapper ];
  buildInputs = [ python3 ];

  postPatch = "patchShebangs bin tests/shims";

  doCheck = true;
  nativeCheckInputs = [
    (python3.withPackages (packages: [ packages.pytest ]))
    iproute2
    nftables
    util-linux
    wireguard-go
    wireguard-tools
  ];
  checkPhase = ''
    runHook preCheck
    pytest
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/nsguard
    cp -r bin src $out/lib/nsguard
    find $out/lib/nsguard -name __pycache__ -exec rm -r {} +
    ${python3.interpreter} -m compileall -q $out/lib/nsguard/src
    makeWrapper $out/lib/nsguard/bin/nsguard $out/bin/nsguard --prefix PATH : ${
      lib.makeBinPath [
        iproute2
        nftables
        wireguard-tools
        systemd
      ]
    }
    runHook postInstall
  '';

  meta = {
    description = "Puts a WireGuard tunnel alone into a network namespace and takes it out again";
    license = lib.licenses.mit;
    platforms = lib.platforms.linux;
    mainProgram = "nsguard";
  };
}
