# Properties that open nothing when a drop-in sets them for a confined unit: a pattern.
"Environment(File)?|(Load|Set)Credential(Encrypted)?|Slice|Nice"
+ "|(CPU|IO|Limit|Memory|Restart|Tasks|Timeout).*"
