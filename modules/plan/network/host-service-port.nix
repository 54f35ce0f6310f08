# A service of the host -> the port inside that leads to it
it: if it.listenPort == null then it.port else it.listenPort
