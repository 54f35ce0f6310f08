"""The leak lab of nsguard: machines, a wire, a capture outside them, attacks and verdicts."""
