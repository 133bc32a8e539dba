export const STAGES = ['kafka','prometheus','browser','go','chart','cluster','images','packages','guides','kernel','lab','soak'].map((name)=>({name}));
