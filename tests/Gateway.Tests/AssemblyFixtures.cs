using AspireAgent.Testing;

[assembly: AssemblyFixture(typeof(RedisPair))]
