module example.com/{{name}}-plugin

go 1.24
