using AspireAgent.AppHost.Tests;

[assembly: AssemblyFixture(typeof(SystemFixture))]
