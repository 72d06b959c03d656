"""Compares the programs of build.sh as filters with their native selves, on 500
generated inputs each. Usage: compare.py OUT RUNNER"""
import random, subprocess, sys
T, R = sys.argv[1] + '/', sys.argv[2]
def gen(r, kind):
    if kind=='json':
        import json
        def v(d):
            k=r.randrange(7 if d<3 else 5)
            return [None,True,r.randrange(-1000,1000),r.choice(["a","ü\n","x y",""]),r.random()][k] if k<5 else ([v(d+1) for _ in range(r.randrange(4))] if k==5 else {r.choice("abcde"):v(d+1) for _ in range(r.randrange(4))})
        return '\n'.join(json.dumps(v(0), ensure_ascii=r.random()<.5) for _ in range(r.randrange(30)))+r.choice(['\n','\n'])
    s='\n'.join(' '.join(r.choice(['alpha','b','12','-3.5','ü','','a:b','foo foo']) for _ in range(r.randrange(6))) for _ in range(r.randrange(80)))
    return s+('\n' if s else '')
progs={'awk':('mawk.wasm',['mawk'],['{print $1}','{print NR, NF, $0}','/foo/{n++} END{print n+0}','{s+=$2} END{print s}','{gsub(/o+/,"0"); print}','!seen[$0]++','{a[NR]=$0} END{for(i=NR;i>0;i--)print a[i]}','{printf "%s|%5.2f\\n", toupper($1), $2}','NR%2','BEGIN{FS=":"} {print $2; if (NR==9) exit 0}']),
'sed':('sed.wasm',['sed'],['s/foo/bar/g','/alpha/d','p','y/abc/xyz/','$!N;s/\\n/+/','1!G;h;$!d','/b/a\\added','5q','s/\\([a-z]*\\) \\(.*\\)/\\2 \\1/','=']),
'jq':('gojq.wasm',[T+'gojq'],['.','-c .','keys?','.. | numbers','[.[]?] | length','-S .','tostring','-r strings','type','-s length'])}
for name,(w,native,scripts) in progs.items():
    bad=same=0; r=random.Random(5)
    for i in range(500):
        text=gen(r,'json' if name=='jq' else 'text').encode()
        args=scripts[i%10].split(' ',1) if scripts[i%10].startswith('-') else [scripts[i%10]]
        a=subprocess.run(native+args,input=text,capture_output=True)
        b=subprocess.run([R,'pipe',T+w,'--memory-total','1G','--']+args,input=text,capture_output=True)
        if a.returncode==0 and b.returncode==0 and a.stdout==b.stdout: same+=1
        elif a.returncode!=0 and b.returncode==3: same+=1
        else:
            bad+=1
            if bad<3: print(name,args,text[:80],a.returncode,a.stdout[:80],b.returncode,b.stdout[:80],b.stderr[:150])
    print(name,same,'same',bad,'differ',flush=True)
